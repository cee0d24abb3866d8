// The files of what was dropped on the page, with those in folders; loaded only when something is dropped.

const MOST = 10000;

/** Return the files behind entries of a drop, folders walked to their ends, and how many were left out. */
export async function filesOf(entries) {
  const [found, waiting] = [[], [...entries]];
  let left = 0;
  while (waiting.length) {
    const entry = waiting.shift();
    if (entry.isDirectory) waiting.push(...await inside(entry));
    else if (found.length < MOST) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => unreadable(entry)));
    else left += 1;
  }
  return { found, left };
}

/** A reader gives a hundred entries at a time, and none at the end. */
async function inside(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
    if (!some.length) return entries;
    entries.push(...some);
  }
}

/** What stands in the list for a file that cannot be opened: it says so when it is to be sent. */
function unreadable(entry) {
  return { name: entry.name, size: 0, lastModified: 0, arrayBuffer: () => Promise.reject(new Error(entry.name)) };
}
