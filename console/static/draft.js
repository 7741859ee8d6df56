// A draft of a new job in this browser alone: fields and the file survive a reload.
const STORE = "files";

function database() {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("outdial-drafts", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => failed(opening.error);
  });
}

async function run(mode, work) {
  const open = await database();
  return new Promise((done, failed) => {
    const asked = work(open.transaction(STORE, mode).objectStore(STORE));
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  }).finally(() => open.close());
}

/** The draft of one organization. A browser that keeps nothing has an empty one. */
export class Draft {
  constructor(organization) {
    this.key = `outdial-draft-${organization}`;
  }

  get fields() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "null");
    } catch {
      return null;
    }
  }

  set fields(values) {
    try {
      localStorage.setItem(this.key, JSON.stringify(values));
    } catch {
      // nothing is kept then
    }
  }

  file() {
    return run("readonly", (store) => store.get(this.key)).catch(() => undefined);
  }

  keepFile(file) {
    return run("readwrite", (store) => store.put(file, this.key)).catch(() => undefined);
  }

  async discard() {
    localStorage.removeItem(this.key);
    await run("readwrite", (store) => store.delete(this.key)).catch(() => undefined);
  }
}
