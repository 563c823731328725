// Inserted into lean.js at install time. Uses its fs, scriptDirectory, heaps and SYSCALLS.

// What dlsym finds: a binary search in lean.symbols (its layout is described in wasm.py).
var leanboundSymbols;
function leanboundLookup(name) {
  if (!leanboundSymbols) {
    const raw = fs.readFileSync(scriptDirectory + "lean.symbols");
    leanboundSymbols = new Uint32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
  }
  const table = leanboundSymbols, size = table.length / 3;
  const digest = require("crypto").createHash("sha256").update(name).digest();
  const high = digest.readUInt32BE(0), low = digest.readUInt32BE(4);
  let from = 0, to = size;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (table[middle] < high || (table[middle] === high && table[size + middle] < low)) from = middle + 1;
    else to = middle;
  }
  return from < size && table[from] === high && table[size + from] === low ? table[2 * size + from] : undefined;
}
var __dlsym_js = (handle, symbol, _symbolIndex) => {
  const name = UTF8ToString(symbol);
  const found = leanboundLookup(name);
  if (found === undefined) {
    dlSetError(`Tried to lookup unknown symbol "${name}"`);
    return 0;
  }
  return found;
};

// Reading of compiled modules in the thread that asks. Every other call on a file is passed to the main thread,
// which takes a millisecond to notice; Lean makes nine for each of the 570 files of Init. A method returns
// undefined for what is not its business.
var leanboundFiles = {
  FIRST: 1 << 20,
  READ_ONLY_FLAGS: ~(0o2000000 | 0o100000 | 0o400000 | 0o4000), // besides O_CLOEXEC, O_LARGEFILE, O_NOFOLLOW, O_NONBLOCK
  opened: new Map(),
  mounts: new Set((process.env["LEANBOUND_MOUNTS"] || "/home:/tmp").split(":")),
  hostPath(pointer) {
    const path = UTF8ToString(pointer);
    const ours = path[0] === "/" && !path.includes("/../") && this.mounts.has("/" + path.split("/", 2)[1]);
    return ours ? path : undefined;
  },
  attempt(action, sign) {
    try {
      return action();
    } catch (error) {
      if (!(error.code in ERRNO_CODES)) throw error;
      return sign * ERRNO_CODES[error.code];
    }
  },
  stat(path, buffer) {
    const host = this.hostPath(path);
    return host === undefined ? undefined : this.attempt(() => SYSCALLS.writeStat(buffer, fs.statSync(host)), -1);
  },
  open(path, flags) {
    const host = this.hostPath(path);
    if (host === undefined || !host.endsWith(".olean") || (flags & this.READ_ONLY_FLAGS) !== 0) return undefined;
    return this.attempt(() => {
      const descriptor = fs.openSync(host, "r") + this.FIRST;
      this.opened.set(descriptor, 0);
      return descriptor;
    }, -1);
  },
  fstat(descriptor, buffer) {
    if (!this.opened.has(descriptor)) return undefined;
    return this.attempt(() => SYSCALLS.writeStat(buffer, fs.fstatSync(descriptor - this.FIRST)), -1);
  },
  read(descriptor, vectors, count, done) {
    if (!this.opened.has(descriptor)) return undefined;
    return this.attempt(() => {
      growMemViews();
      let position = this.opened.get(descriptor), total = 0;
      for (let i = 0; i < count; i++) {
        const pointer = HEAPU32[(vectors + 8 * i) >> 2], length = HEAPU32[(vectors + 8 * i + 4) >> 2];
        if (length === 0) continue;
        const view = new Int8Array(HEAP8.buffer, pointer, length);
        const got = fs.readSync(descriptor - this.FIRST, view, 0, length, position);
        total += got;
        position += got;
        if (got < length) break;
      }
      this.opened.set(descriptor, position);
      HEAPU32[done >> 2] = total;
      return 0;
    }, 1);
  },
  seek(descriptor, offset, whence, result) {
    if (!this.opened.has(descriptor)) return undefined;
    return this.attempt(() => {
      const base = whence === 0 ? 0 : whence === 1 ? this.opened.get(descriptor) : fs.fstatSync(descriptor - this.FIRST).size;
      const position = base + Number(offset);
      if (position < 0) return ERRNO_CODES["EINVAL"];
      this.opened.set(descriptor, position);
      growMemViews();
      HEAP64[result >> 3] = BigInt(position);
      return 0;
    }, 1);
  },
  close(descriptor) {
    if (!this.opened.delete(descriptor)) return undefined;
    return this.attempt(() => (fs.closeSync(descriptor - this.FIRST), 0), 1);
  },
};
