// Times in the reader's own zone, with the zone of the job beside them where that is another.
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
const parts = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
const short = new Intl.DateTimeFormat("en", parts);
const precise = new Intl.DateTimeFormat("en", { ...parts, second: "2-digit" });

export function localize(root = document) {
  for (const time of root.querySelectorAll("time[data-zone]:not([data-done])")) {
    time.dataset.done = "";
    const at = new Date(time.dateTime);
    const there = time.textContent;
    const here = ("seconds" in time.dataset ? precise : short).format(at);
    time.title = `${there} · ${time.dateTime}`;
    const differs = time.dataset.zone !== "UTC" && time.dataset.zone !== own && !sameClock(at, time.dataset.zone);
    const day = here.split(", ")[0];
    const beside = there.startsWith(`${day}, `) ? there.slice(day.length + 2) : there;
    time.textContent = differs ? `${here} (${beside})` : here;
  }
}

function sameClock(at, zone) {
  const clock = (timeZone) => at.toLocaleString("en", { timeZone });
  try {
    return clock(zone) === clock(own);
  } catch {
    return true;
  }
}
