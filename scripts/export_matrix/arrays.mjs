// Arrays in .npy files, as NumPy writes them: { kind, shape, values }, the kind as NumPy names it.
import fs from "node:fs";

const KINDS = { "|u1": ["uint8", Uint8Array], "<i4": ["int32", Int32Array], "<f4": ["float32", Float32Array] };
const NAMES = Object.fromEntries(Object.entries(KINDS).map(([descr, [kind]]) => [kind, descr]));

export function read(place) {
  const bytes = fs.readFileSync(place);
  const end = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, end).toString();
  const [kind, Values] = KINDS[header.match(/'descr': '([^']+)'/)[1]];
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((side) => side.trim()).map(Number);
  return { kind, shape, values: new Values(bytes.buffer.slice(bytes.byteOffset + end, bytes.byteOffset + bytes.length)) };
}

export function write(place, { kind, shape, values }) {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  let header = `{'descr': '${NAMES[kind]}', 'fortran_order': False, 'shape': (${sides}), }`;
  header = header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11) + "\n";
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  const { buffer, byteOffset, byteLength } = values;
  fs.writeFileSync(place, Buffer.concat([start, Buffer.from(header), Buffer.from(buffer, byteOffset, byteLength)]));
}
