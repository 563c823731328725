"""The changes made to `lean.js` at install time, each of which must find exactly what it expects.

They change how fast modules are checked (with `wasm.py`, which replaces lookups by name in 201,110 exports,
`runtime.js`, which does them and reads compiled modules without asking the main thread, and `serve.js`, which has the
WebAssembly compiled once for several modules), which directories of the host Lean sees, and what it prints. None
touches the WebAssembly code: elaborator and kernel are as published.
"""

import re
from pathlib import Path

from leanbound.errors import ToolchainError

_DLSYM = re.compile(r"var __dlsym_js=\(handle,symbol,symbolIndex\)=>\{.*?return result\};(?=__dlsym_js\.sig=)")
_RUNTIME = Path(__file__).with_name("runtime.js")
_FILE_CALLS = {
    "function ___syscall_stat64(path,buf)": "stat(path,buf)",
    "function ___syscall_openat(dirfd,path,flags,varargs)": "open(path,flags)",
    "function ___syscall_fstat64(fd,buf)": "fstat(fd,buf)",
    "function _fd_read(fd,iov,iovcnt,pnum)": "read(fd,iov,iovcnt,pnum)",
    "function _fd_seek(fd,offset,whence,newOffset)": "seek(fd,offset,whence,newOffset)",
    "function _fd_close(fd)": "close(fd)",
}
_IN_THREAD = "{if(ENVIRONMENT_IS_PTHREAD)"
_GOT_OLD = "assignWasmExports(wasmExports);updateGOT(origExports);"
_GOT_NEW = "assignWasmExports(wasmExports);"
_TABLE_OLD = "functionsInTableMap=new WeakMap;updateTableMap(0,wasmTable.length)"
_TABLE_NEW = "functionsInTableMap=new WeakMap"
_POOL_OLD = "var pthreadPoolSize=4;"
_POOL_NEW = "var pthreadPoolSize=1;"
_MOUNT_OLD = 'FS.mount(NODEFS,{root:"/home"},"/home");FS.mount(NODEFS,{root:"/tmp"},"/tmp");'
_MOUNT_NEW = (
    'for(const dir of (process.env["LEANBOUND_MOUNTS"]||"/home:/tmp").split(":"))'
    "{FS.mkdirTree(dir);FS.mount(NODEFS,{root:dir},dir)}"
)
_ENV_OLD = "var ENV={};"
_ENV_NEW = 'var ENV={LLVM_PROFILE_FILE:"/dev/null"};'
_WORKER_OLD = 'new Worker(pthreadMainJs,{workerData:"em-pthread",name:"em-pthread"})'
_WORKER_NEW = (
    'new Worker(pthreadMainJs,{workerData:"em-pthread",name:"em-pthread",'
    'resourceLimits:{stackSizeMb:Number(process.env["LEANBOUND_STACK_MB"]||"64")}})'
)
_INSTANTIATE_OLD = "{try{var binary=await getWasmBinary(binaryFile);"
_INSTANTIATE_NEW = (
    "{const module=ENVIRONMENT_IS_NODE&&worker_threads.workerData?.leanboundModule;"
    "if(module)return{module,instance:await WebAssembly.instantiate(module,imports)};"
    "try{var binary=await getWasmBinary(binaryFile);"
)
_ASSIGN = "function assignWasmExports(wasmExports){"
_DEBUG = 'console.log("[DEBUG:'


def patch_lean_js(source: str) -> str:
    """`lean.js` as published to `lean.js` as run.

    Raises:
        ToolchainError: when a patch does not find its pattern exactly once; the package is not the known one.
    """
    source = _keep_used_exports(source)
    source, found = _DLSYM.subn(lambda _match: "\n" + _RUNTIME.read_text(encoding="utf-8"), source)
    if found != 1:
        raise ToolchainError(
            f"cannot prepare lean.js: the pattern for 'symbol lookup' occurs {found} times, expected 1"
        )
    for head, call in _FILE_CALLS.items():
        here = f"{{if(ENVIRONMENT_IS_PTHREAD){{const done=leanboundFiles.{call};if(done!==undefined)return done}}"
        name = head.split("(")[0]
        source = _replace_once(source, name, f"{head}{_IN_THREAD}", f"{head}{here}if(ENVIRONMENT_IS_PTHREAD)")
    source = _replace_once(source, "global offset table", _GOT_OLD, _GOT_NEW)
    source = _replace_once(source, "function table", _TABLE_OLD, _TABLE_NEW)
    source = _replace_once(source, "worker pool", _POOL_OLD, _POOL_NEW)
    source = _replace_once(source, "mounted directories", _MOUNT_OLD, _MOUNT_NEW)
    source = _replace_once(source, "profile file", _ENV_OLD, _ENV_NEW)
    source = _replace_once(source, "instantiation", _INSTANTIATE_OLD, _INSTANTIATE_NEW)
    source = _replace_once(source, "worker stack", _WORKER_OLD, _WORKER_NEW)
    return _silence_debug(source)


def recipe() -> bytes:
    """What the patched file depends on, besides the file itself."""
    return Path(__file__).read_bytes() + _RUNTIME.read_bytes()


def used_exports(patched: str) -> set[str]:
    """The exports of `lean.wasm` that a patched `lean.js` uses."""
    return {"main", "__main_argc_argv"} | set(re.findall(r'wasmExports\["([^"]+)"\]', patched))


def _replace_once(source: str, what: str, old: str, new: str) -> str:
    found = source.count(old)
    if found != 1:
        raise ToolchainError(f"cannot prepare lean.js: the pattern for {what!r} occurs {found} times, expected 1")
    return source.replace(old, new)


def _silence_debug(source: str) -> str:
    if _DEBUG not in source:
        raise ToolchainError("cannot prepare lean.js: no debug output found where some is expected")
    return source.replace(_DEBUG, 'void("[DEBUG:')


def _keep_used_exports(source: str) -> str:
    """Drop the declarations `_x` and statements `_x=Module["_x"]=wasmExports["x"];` of names used nowhere else."""
    if source.count(_ASSIGN) != 1:
        raise ToolchainError("cannot prepare lean.js: assignWasmExports is not where it is expected")
    start = source.index(_ASSIGN)
    body_start = start + len(_ASSIGN)
    end = source.index("}", body_start)
    var_start = source.rindex("var ", 0, start)
    names = [item.split("=")[0] for item in source[var_start + 4 : start].rstrip("; \n").split(",")]
    rest = source[:var_start] + source[end:]
    used = set(re.findall(r"[A-Za-z_$][\w$]*", rest))
    kept = [name for name in names if name in used]
    kept_set = set(kept)
    statements = []
    for statement in source[body_start:end].split(";"):
        match = re.match(r"([\w$]+)=", statement)
        if statement and match is None:
            raise ToolchainError(f"cannot prepare lean.js: unexpected statement in assignWasmExports: {statement[:80]}")
        if match is not None and match.group(1) in kept_set:
            statements.append(statement)
    head = f"var {','.join(kept)};" if kept else ""
    return f"{source[:var_start]}{head}{_ASSIGN}{';'.join(statements)}{source[end:]}"
