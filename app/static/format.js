// What the scripts compute without touching the page or the network; tests run it in node.

/** A number of bytes, as people say it. */
export function size(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return unit ? `${value.toFixed(1)} ${units[unit]}` : `${bytes} bytes`;
}

/** A whole number with commas, as the server writes it. */
export const whole = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** Upload-Metadata: pairs of name and base64 of the value's UTF-8; empty values are left out. */
export function metadata(pairs) {
  return Object.entries(pairs)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(",");
}

/** Where the address of a begun upload is kept, so that the same file with the same options goes on after a reload. */
export const place = (file, described) => `textmill ${file.name} ${file.size} ${file.lastModified} ${described}`;

/** Milliseconds before the next try: they double from a second to half a minute. */
export const pause = (tries) => Math.min(30000, 1000 * 2 ** Math.max(0, tries - 1));

/** Whether an answer means that a later try may do better; 0 stands for none, and a name that is taken stays taken. */
export const mayPass = (status, reason) => [0, 423, 429].includes(status) || (status === 409 && reason !== "NameTaken")
  || (status >= 500 && status !== 501 && status !== 505);

/** How far: percent of a whole, and the words for it. */
export function progress(sent, total) {
  const percent = total ? Math.floor((100 * sent) / total) : 100;
  return { percent, text: `${size(sent)} of ${size(total)}, ${percent} %` };
}
