"""Gives up what Lean does not need, then becomes Lean: `confine.py STEP+STEP… FOLDER COMMAND…`.

Started by its path in an interpreter of its own, within the namespaces that `sandbox.py` asked for, before every Lean:
it imports next to nothing, to start in 15 ms. What it gives up it cannot get back, nor can anything that it starts.

Steps: `mounts` makes every file system read-only but for FOLDER, and devices useless (needs its own mount namespace);
`landlock` forbids writing but below FOLDER; `seccomp` forbids sockets, leaving the process group, and changing owners
and modes of files; `init` stays as the first process of a process namespace, and waits for Lean.
"""

import ctypes
import os
import struct
import sys

_DEVICES = ("null", "zero", "full", "random", "urandom")
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MS_BIND = 4096
_RDONLY, _NOSUID, _NODEV = 1, 2, 4
_SYS_MOUNT_SETATTR = 442
_SYS_LANDLOCK = 444  # and the next two; the same on all architectures
_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_LAST_CAPABILITY = 63
_IGNORED_BY_PYTHON = (13, 25)  # SIGPIPE, SIGXFSZ

# Seccomp: steps of a program, and what it can decide.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _DO_NOTHING = 0x7FFF0000, 0x00050001, 0x00050000

# Landlock: rights to write a file, to truncate it, and to make and remove files and folders.
_LANDLOCK_ABI = 3  # the first that can forbid truncation
_SCOPED_ABI = 6
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_REGULAR = _WRITE_FILE | _TRUNCATE | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8
_HANDLED = _REGULAR | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13
_SCOPES = 3  # abstract sockets, signals

#: By machine: the number of its architecture, the system calls that are refused, and those that do nothing.
CALLS = {
    "x86_64": (
        0xC000003E,
        {"socket": 41, "socketpair": 53, "io_uring_setup": 425, "setpgid": 109, "setsid": 112, "ptrace": 101}
        | {"memfd_create": 319, "shmget": 29, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190},
        {"chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452}
        | {"chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260}
        | {"utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280},
    ),
    "aarch64": (
        0xC00000B7,
        {"socket": 198, "socketpair": 199, "io_uring_setup": 425, "setpgid": 154, "setsid": 157, "ptrace": 117}
        | {"memfd_create": 279, "shmget": 194, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7},
        {"fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "fchown": 55, "fchownat": 54, "utimensat": 88},
    ),
}


def main(how: str, folder: str, *command: str) -> None:
    """Take the steps in their order, then run the command."""
    steps = how.split("+")
    try:
        if "mounts" in steps:
            mounts(folder)
        if "landlock" in steps:
            landlock(folder)
        if "seccomp" in steps:
            seccomp()
    except OSError as error:
        sys.exit(f"confine: {how}: {error}")
    if "init" in steps:
        _wait_as_init()
    for number in _IGNORED_BY_PYTHON:
        _LIBC.signal(number, None)
    os.execvp(command[0], command)


def mounts(folder: str) -> None:
    """Read-only but for the folder, no devices but harmless ones, no capabilities."""
    _set_mount("/", _RDONLY | _NOSUID | _NODEV, 0, _AT_RECURSIVE)
    for name in _DEVICES:
        _bind_again(f"/dev/{name}", _NODEV)
    _bind_again(folder, _RDONLY)
    drop_capabilities()


def landlock(folder: str = "") -> None:
    """No writing but to /dev/null and below the folder, if any; no signals to others, if the kernel can do that.

    Raises OSError where the kernel cannot do that.
    """
    _require_linux()
    version = _syscall(_SYS_LANDLOCK, 0, 0, 1)
    if version < _LANDLOCK_ABI:
        raise OSError(f"its version is {version}, expected at least {_LANDLOCK_ABI}")
    attributes = struct.pack("=QQQ", _HANDLED, 0, _SCOPES if version >= _SCOPED_ABI else 0)
    rules = _syscall(_SYS_LANDLOCK, attributes, len(attributes), 0)
    for path, rights in [("/dev/null", _WRITE_FILE)] + ([(folder, _REGULAR)] if folder else []):
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        _syscall(_SYS_LANDLOCK + 1, rules, 1, struct.pack("=Qi", rights, opened), 0)
        os.close(opened)
    drop_capabilities()
    _syscall(_SYS_LANDLOCK + 2, rules, 0)
    os.close(rules)


def seccomp() -> None:
    """No sockets, no way out of the process group, no memory that belongs to no process, no new owners and modes.

    Changing a mode seems to succeed, since the embedded Lean does so with every file that it writes.

    Raises OSError where the kernel or this program does not know how.
    """
    _require_linux()
    machine = os.uname().machine
    if machine not in CALLS:
        raise OSError(f"unknown machine {machine}")
    program = _filter(*CALLS[machine])
    buffer = ctypes.create_string_buffer(program)
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, 2, described)


def _require_linux() -> None:
    """Elsewhere system calls have other numbers."""
    if sys.platform != "linux":
        raise OSError("only Linux can do that")


def drop_capabilities() -> None:
    """None after the next `exec`, not even for root."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:  # not root, or no such capability
            break
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _filter(architecture: int, refused: dict[str, int], ignored: dict[str, int]) -> bytes:
    """A program of classic BPF. Calls of other architectures are refused too; what is ignored seems to succeed."""
    numbers = [*refused.values(), *ignored.values()]
    end = len(numbers)
    steps = [
        _step(_LOAD, 0, 0, 4),  # the architecture
        _step(_IF_EQUAL, 0, end + 3, architecture),
        _step(_LOAD, 0, 0, 0),  # the number of the call
        _step(_IF_AT_LEAST, end + 1, 0, 0x40000000),  # x32
    ]
    for j, number in enumerate(numbers):
        steps.append(_step(_IF_EQUAL, end - j + (j >= len(refused)), 0, number))
    results = [_step(_RETURN, 0, 0, value) for value in (_ALLOW, _REFUSE, _DO_NOTHING)]
    return b"".join(steps + results)


def _step(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _bind_again(path: str, cleared: int) -> None:
    encoded = os.fsencode(path)
    if _LIBC.mount(encoded, encoded, None, ctypes.c_ulong(_MS_BIND), None) < 0:
        raise _error()
    _set_mount(path, 0, cleared, 0)


def _set_mount(path: str, added: int, cleared: int, flags: int) -> None:
    attributes = struct.pack("=QQQQ", added, cleared, 0, 0)
    _syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes))


def _wait_as_init() -> None:
    """Return in a child; here end with its status, or 128 and the signal that ended it, as shells do."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


_LIBC = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int | bytes) -> int:
    return _checked(_LIBC.prctl(option, *_as_longs([*arguments, 0, 0, 0][:4])))


def _syscall(number: int, *arguments: int | bytes) -> int:
    return _checked(_LIBC.syscall(ctypes.c_long(number), *_as_longs(arguments)))


def _as_longs(arguments: "list[int | bytes] | tuple[int | bytes, ...]") -> list[object]:
    return [item if isinstance(item, bytes) else ctypes.c_long(item) for item in arguments]


def _checked(result: int) -> int:
    if result < 0:
        raise _error()
    return result


def _error() -> OSError:
    return OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(*sys.argv[1:])
