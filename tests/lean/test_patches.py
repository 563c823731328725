import pytest

from leanbound.errors import ToolchainError
from leanbound.lean.patches import patch_lean_js, used_exports

LEAN_JS = (
    "var __dlsym_js=(handle,symbol,symbolIndex)=>{symbol=UTF8ToString(symbol);var lib=1;return result};"
    '__dlsym_js.sig="pppp";var pthreadPoolSize=4;var ENV={};'
    "assignWasmExports(wasmExports);updateGOT(origExports);functionsInTableMap=new WeakMap;"
    "updateTableMap(0,wasmTable.length);"
    'new Worker(pthreadMainJs,{workerData:"em-pthread",name:"em-pthread"});'
    "async function instantiateArrayBuffer(binaryFile,imports){try{var binary=await getWasmBinary(binaryFile);x}}"
    'FS.mount(NODEFS,{root:"/home"},"/home");FS.mount(NODEFS,{root:"/tmp"},"/tmp");'
    "function ___syscall_stat64(path,buf){if(ENVIRONMENT_IS_PTHREAD)return ask(1)}"
    "function ___syscall_openat(dirfd,path,flags,varargs){if(ENVIRONMENT_IS_PTHREAD)return ask(2)}"
    "function ___syscall_fstat64(fd,buf){if(ENVIRONMENT_IS_PTHREAD)return ask(3)}"
    "function _fd_read(fd,iov,iovcnt,pnum){if(ENVIRONMENT_IS_PTHREAD)return ask(4)}"
    "function _fd_seek(fd,offset,whence,newOffset){if(ENVIRONMENT_IS_PTHREAD)return ask(5)}"
    "function _fd_close(fd){if(ENVIRONMENT_IS_PTHREAD)return ask(6)}"
    'console.log("[DEBUG:A] noise");_used();'
    "var _used,_unused;function assignWasmExports(wasmExports){"
    '_used=Module["_used"]=wasmExports["used"];_unused=Module["_unused"]=wasmExports["unused"]}done()'
)


def test_every_patch_is_applied() -> None:
    patched = patch_lean_js(LEAN_JS)
    assert "console.log" not in patched
    assert "var pthreadPoolSize=1;" in patched
    assert '{_used=Module["_used"]=wasmExports["used"]}done()' in patched
    assert "unused" not in patched
    assert "{const done=leanboundFiles.close(fd);if(done!==undefined)return done}if(ENVIRONMENT_IS_PTHREAD)" in patched
    assert used_exports(patched) == {"main", "__main_argc_argv", "used"}


@pytest.mark.parametrize(
    ("old", "problem"),
    [
        ("var pthreadPoolSize=4;", "'worker pool' occurs 0 times"),
        ("var ENV={};", "'profile file' occurs 0 times"),
        ("updateGOT(origExports);", "'global offset table' occurs 0 times"),
        ('{root:"/tmp"}', "'mounted directories' occurs 0 times"),
        ("function _fd_seek(fd,", "'function _fd_seek' occurs 0 times"),
        ("return result};", "'symbol lookup' occurs 0 times"),
        ("[DEBUG:", "no debug output"),
        ("function assignWasmExports(", "not where it is expected"),
        ('_used=Module["_used"]', "unexpected statement"),
    ],
)
def test_a_pattern_that_is_not_there_is_an_error(old: str, problem: str) -> None:
    with pytest.raises(ToolchainError, match=problem):
        patch_lean_js(LEAN_JS.replace(old, "(other)"))


def test_a_pattern_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(ToolchainError, match="'profile file' occurs 2 times"):
        patch_lean_js("var ENV={};" + LEAN_JS)
