// Times in the reader's own zone, with the zone of the job beside them where that is another.
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
const short = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });

export function localize(root = document) {
  for (const time of root.querySelectorAll("time[data-zone]:not([data-done])")) {
    time.dataset.done = "";
    const at = new Date(time.dateTime);
    const there = time.textContent;
    const here = short.format(at);
    time.title = `${there} · ${time.dateTime}`;
    const differs = time.dataset.zone !== "UTC" && time.dataset.zone !== own && !sameClock(at, time.dataset.zone);
    time.textContent = differs ? `${here} (${there})` : here;
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
