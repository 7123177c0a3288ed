// --- Parquet: columns that may be null, one row group, plain values, no compression ---
// The format: https://parquet.apache.org/docs/file-format and parquet.thrift in apache/parquet-format.
const PHYSICAL = { boolean: 0, int64: 2, double: 5, text: 6 };
const OPTIONAL = 1, UTF8 = 0, PLAIN = 0, RLE = 3, UNCOMPRESSED = 0, DATA_PAGE = 0;
const MAGIC = new TextEncoder().encode("PAR1");

// A file is a list of byte arrays, and how long they are together.
const joined = (parts) => {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
};
const fixedBytes = (count, size, write) => {
  const view = new DataView(new ArrayBuffer(count * size));
  for (let place = 0; place < count; place += 1) write(view, place * size, place);
  return new Uint8Array(view.buffer);
};
const uint32 = (value) => fixedBytes(1, 4, (view, at) => view.setUint32(at, value, true));

// --- Thrift's compact protocol: a value is a type and its bytes, a struct a list of [number, value] ---
const varint = (value) => {
  const bytes = [];
  // No shifts: they cut at 32 bits.
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
};
// Zigzag writes n >= 0 as 2n; nothing here is below zero.
const i32 = (value) => ({ type: 5, bytes: varint(2 * value) });
const i64 = (value) => ({ type: 6, bytes: varint(2 * value) });
const binary = (text) => {
  const bytes = new TextEncoder().encode(text);
  return { type: 8, bytes: [...varint(bytes.length), ...bytes] };
};
// The head of a list is its length and the type of its items; a length above 14 follows in bytes of its own.
const list = (items, type = 12) => ({
  type: 9,
  bytes: [...(items.length < 15 ? [items.length * 16 + type] : [15 * 16 + type, ...varint(items.length)]), ...items.flatMap((item) => item.bytes)],
});
// The head of a field is how far its number lies from the last one, at most 15, and its type; 0 ends the struct.
const struct = (fields) => ({
  type: 12,
  bytes: [...fields.flatMap(([number, value], place) => [(number - (place ? fields[place - 1][0] : 0)) * 16 + value.type, ...value.bytes]), 0],
});

// --- pages ---
const packedBits = (bits) => {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, place) => { if (bit) bytes[place >> 3] |= 1 << (place & 7); });
  return bytes;
};
// A level of 1 says that the value is there: one run of packed bits, whose head counts groups of eight and ends in a 1.
const levelBytes = (values) => {
  const bits = packedBits(values.map((value) => value !== null));
  const run = joined([Uint8Array.from(varint(2 * bits.length + 1)), bits]);
  return joined([uint32(run.length), run]);
};
const PLAIN_BYTES = {
  boolean: packedBits,
  int64: (values) => fixedBytes(values.length, 8, (view, at, place) => view.setBigInt64(at, BigInt(values[place]), true)),
  double: (values) => fixedBytes(values.length, 8, (view, at, place) => view.setFloat64(at, values[place], true)),
  text: (values) => joined(values.map((value) => new TextEncoder().encode(value)).flatMap((bytes) => [uint32(bytes.length), bytes])),
};
const pageBytes = ({ type, values }) => {
  const content = joined([levelBytes(values), PLAIN_BYTES[type](values.filter((value) => value !== null))]);
  const about = struct([[1, i32(values.length)], [2, i32(PLAIN)], [3, i32(RLE)], [4, i32(RLE)]]);
  const head = struct([[1, i32(DATA_PAGE)], [2, i32(content.length)], [3, i32(content.length)], [5, about]]);
  return joined([Uint8Array.from(head.bytes), content]);
};

// --- what the end of the file says of it ---
const schemaOf = (table) => [
  struct([[4, binary("schema")], [5, i32(table.length)]]),
  ...table.map(({ name, type }) => {
    const field = [[1, i32(PHYSICAL[type])], [3, i32(OPTIONAL)], [4, binary(name)]];
    // Text is told twice: as old readers know it, and as new ones do.
    return struct(type === "text" ? [...field, [6, i32(UTF8)], [10, struct([[1, struct([])]])]] : field);
  }),
];
const chunkOf = ({ name, type, values }, size, offset) => struct([
  [2, i64(offset)],
  [3, struct([
    [1, i32(PHYSICAL[type])], [2, list([i32(PLAIN), i32(RLE)], 5)], [3, list([binary(name)], 8)], [4, i32(UNCOMPRESSED)],
    [5, i64(values.length)], [6, i64(size)], [7, i64(size)], [9, i64(offset)],
  ])],
]);
const rowGroupOf = (table, pages) => {
  let offset = MAGIC.length;
  const chunks = table.map((column, place) => {
    const chunk = chunkOf(column, pages[place].length, offset);
    offset += pages[place].length;
    return chunk;
  });
  return struct([[1, list(chunks)], [2, i64(offset - MAGIC.length)], [3, i64(table[0].values.length)]]);
};

// The table is a list of columns: a name, a type of PHYSICAL, and values, null where there is none.
const parquetBytes = (table) => {
  const rows = table[0].values.length;
  const pages = rows ? table.map(pageBytes) : [];
  const groups = rows ? [rowGroupOf(table, pages)] : [];
  const footer = Uint8Array.from(struct([[1, i32(1)], [2, list(schemaOf(table))], [3, i64(rows)], [4, list(groups)], [6, binary("robustcheck")]]).bytes);
  return joined([MAGIC, ...pages, footer, uint32(footer.length), MAGIC]);
};
