#!/usr/bin/env python3
"""Finds out which functions an attached terminal runs, and writes assets/layout.txt for build.rs.

    SWITCHBOARD_LAYOUT=off cargo build --release
    target/release/switchboard --config /tmp/big/config.toml serve &       # a store to throw away: an answer is sent
    benches/layout.py target/release/switchboard --config /tmp/big/config.toml

Needs Linux on x86-64 and `nm`. The terminal is run with a breakpoint on each of its functions, which is taken away when it
is met.
"""
import collections, ctypes, fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, time

DENSE = 0.85  # A beginning of names is taken instead of them when so much of what it stands for was run.
SHORTEST = 12  # No shorter beginning is taken.
# Up and down, a thread opened, an answer sent, out again, a search.
KEYS = ["\x1b", "j", "j", "k", "\r", "o", "k", "\r", "\x1b", "\x1b", "k", "/", "a", "\x1b", "\x1b", "\r"]
NAMES = os.path.join(os.path.dirname(__file__), "..", "assets", "layout.txt")

TRACEME, CONT, PEEKUSER, POKEUSER, SETOPTIONS = 0, 7, 3, 6, 0x4200
TRACECLONE, EXITKILL, WALL = 0x8, 0x100000, 0x40000000
RIP = 16 * 8
BREAK = b"\xcc"
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def functions(exe):
    """Address in the file's own count, size and name of each."""
    listed = subprocess.run(["nm", "--defined-only", "-S", exe], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        field = line.split(" ", 3)
        if len(field) == 4 and field[2] in "tTwW":
            yield int(field[0], 16), int(field[1], 16), field[3]


def run(exe, words, places):
    """Starts a terminal, uses it a little, and gives the places that it came to."""
    pid, screen = pty.fork()
    if pid == 0:
        libc.ptrace(TRACEME, 0, None, None)
        os.environ.update(TERM="xterm-256color")
        os.execv(exe, [exe, *words])
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    os.waitpid(pid, 0)
    libc.ptrace(SETOPTIONS, pid, None, TRACECLONE | EXITKILL)
    base = next(int(l.split("-")[0], 16) for l in open(f"/proc/{pid}/maps") if l.rstrip().endswith(exe))
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    were = {base + at: os.pread(memory, 1, base + at) for at in places}
    for at in were:
        os.pwrite(memory, BREAK, at)
    libc.ptrace(CONT, pid, None, None)
    met, known, keys, next_key = set(), {pid}, list(KEYS), time.monotonic() + 6
    while keys or time.monotonic() < next_key:
        if keys and time.monotonic() > next_key:
            os.write(screen, keys.pop(0).encode())
            next_key = time.monotonic() + 0.7
        if select.select([screen], [], [], 0)[0]:
            os.read(screen, 65536)
        task, status = os.waitpid(-1, os.WNOHANG | WALL)
        if task == 0:
            time.sleep(0.0005)
            continue
        if not os.WIFSTOPPED(status):
            if task == pid:
                sys.exit("the program ended: does an engine run with this configuration?")
            continue
        what = os.WSTOPSIG(status)
        if what == signal.SIGTRAP:
            at = libc.ptrace(PEEKUSER, task, RIP, None) - 1
            if at in were:
                met.add(at - base)
                os.pwrite(memory, were[at], at)
                libc.ptrace(POKEUSER, task, RIP, at)
            what = 0
        elif what == signal.SIGSTOP and task not in known:
            what = 0
        known.add(task)
        libc.ptrace(CONT, task, None, what)
    os.kill(pid, signal.SIGKILL)
    return met


def pattern(name):
    """A name as it is in every build: without what a compiler makes of where a crate lies, and of its version."""
    # Inner names are made known to the other modules under a number.
    name = re.sub(r"\.llvm\.\d+$", "*", name)
    if name.startswith("_R"):
        name = re.sub(r"Cs[0-9A-Za-z]{5,}_", "Cs*_", name)
        return re.sub(r"B[0-9A-Za-z]{0,3}_", "B*_", name)
    if name.startswith("_ZN"):
        return re.sub(r"17h[0-9a-f]{16}E.*", "*", name)
    # The linker numbers what several files call alike.
    return None if re.search(r"\.\d+$", name) else name


def cover(names, size, ran):
    """Patterns for what ran; a beginning that stands for names of which nearly all ran is written instead of them."""
    taken, look = [], [(0, len(names), 0)]
    while look:
        low, high, depth = look.pop()
        some = names[low:high]
        hot, whole = sum(ran[n] for n in some), sum(size[n] for n in some)
        if hot == 0:
            continue
        if len(some) == 1:
            taken.append((some[0], hot / whole))
            continue
        depth = len(os.path.commonprefix([some[0], some[-1]]))
        if depth > SHORTEST and hot >= DENSE * whole:
            taken.append((re.sub(r"\*?$", "*", some[0][:depth]), hot / whole))
            continue
        start = low
        for i in range(low + 1, high + 1):
            if i == high or names[i][: depth + 1] != names[start][: depth + 1]:
                look.append((start, i, depth + 1))
                start = i
    taken.sort(key=lambda t: (-round(t[1], 1), t[0]))
    return [name for name, _ in taken]


def main():
    exe, words = os.path.realpath(sys.argv[1]), sys.argv[2:]
    listed = [(at, size, name) for at, size, name in functions(exe) if size > 0]
    met = run(exe, words, {at for at, _, _ in listed})
    size, ran = collections.Counter(), collections.Counter()
    for at, length, name in listed:
        name = pattern(name)
        if name is not None:
            size[name] += length
            ran[name] += length if at in met else 0
    names = cover(sorted(size), size, ran)
    with open(NAMES, "w") as f:
        f.write("# Functions that an attached terminal runs, for build.rs; made by benches/layout.py. What changes with each\n")
        f.write("# compiler and each place of the sources is left out.\n")
        f.writelines(f"{name}\n" for name in names)
    print(f"{sum(ran.values()) // 1024} KiB of {sum(size.values()) // 1024} KiB were run, {len(names)} names")


main()
