# One image for every process of Outdial; the command says which: `python -m api`, `python -m worker`,
# `outdial migrate --temporal`, `python -m carriers.simulator`. Nothing is written but /tmp and /data.
FROM python:3.12.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --system --create-home --uid 10001 outdial \
    && install -d -o outdial -g outdial /data
WORKDIR /outdial

# The dependencies first: they change less often than the code.
COPY requirements.txt ./
RUN pip install --require-hashes --requirement requirements.txt

COPY . .
# With the setuptools of requirements.txt: nothing is fetched.
RUN pip install --no-index --no-build-isolation --no-deps --editable . \
    && python -m compileall -q .

USER outdial
EXPOSE 8000 9464
STOPSIGNAL SIGTERM
CMD ["python", "-m", "api"]
