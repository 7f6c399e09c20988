// Runs an ONNX file in ONNX Runtime's WebAssembly. Usage: node web_client.mjs FILE INPUTS OUTPUTS (folders, an array a file)
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const ort = createRequire(path.join(process.cwd(), "package.json"))("onnxruntime-web");
const [file, given, answers] = process.argv.slice(2);
const KINDS = { "|u1": ["uint8", Uint8Array], "<i4": ["int32", Int32Array], "<f4": ["float32", Float32Array] };
const NAMES = Object.fromEntries(Object.entries(KINDS).map(([descr, [kind]]) => [kind, descr]));

function read(place) {
  const bytes = fs.readFileSync(place);
  const end = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, end).toString();
  const [kind, Values] = KINDS[header.match(/'descr': '([^']+)'/)[1]];
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((side) => side.trim()).map(Number);
  return new ort.Tensor(kind, new Values(bytes.buffer.slice(bytes.byteOffset + end, bytes.byteOffset + bytes.length)), shape);
}

function write(place, tensor) {
  const shape = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(", ");
  let header = `{'descr': '${NAMES[tensor.type]}', 'fortran_order': False, 'shape': (${shape}), }`;
  header = header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11) + "\n";
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  const { buffer, byteOffset, byteLength } = tensor.data;
  fs.writeFileSync(place, Buffer.concat([start, Buffer.from(header), Buffer.from(buffer, byteOffset, byteLength)]));
}

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(fs.readFileSync(file));
const feeds = Object.fromEntries(session.inputNames.map((name) => [name, read(path.join(given, `${name}.npy`))]));
for (const [name, tensor] of Object.entries(await session.run(feeds))) write(path.join(answers, `${name}.npy`), tensor);
