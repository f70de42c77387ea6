#!/usr/bin/env python3
"""Finds out which functions an attached terminal runs, and writes assets/layout.txt for build.rs.

    SWITCHBOARD_LAYOUT=off cargo build --release
    switchboard --config /tmp/big/config.toml serve &       # from another copy of the program
    sudo benches/layout.py target/release/switchboard --config /tmp/big/config.toml

Needs Linux, the superuser, tmux and binutils. The system maps pages around each page that is touched, if it has them at
hand; so the copy of the program that is looked at is dropped from the page cache, and reading ahead is switched
off for the seconds that it takes: then only what was touched is mapped.
"""
import collections, glob, os, re, shlex, shutil, struct, subprocess, sys, tempfile, time

DENSE = 0.9  # A part of the tree of names is taken whole when so much of it was run.
NAMES = os.path.join(os.path.dirname(__file__), "..", "assets", "layout.txt")


def mapped(pid, exe):
    """Offsets in the file of the mapped pages of code."""
    pages = set()
    for line in open(f"/proc/{pid}/maps"):
        part = line.split()
        if len(part) > 5 and part[5] == exe and "x" in part[1]:
            low, high = (int(x, 16) for x in part[0].split("-"))
            with open(f"/proc/{pid}/pagemap", "rb") as f:
                f.seek(low // 4096 * 8)
                count = (high - low) // 4096
                for i, entry in enumerate(struct.unpack(f"<{count}Q", f.read(count * 8))):
                    if entry >> 63 & 1:
                        pages.add(int(part[2], 16) // 4096 + i)
    return pages


def run(exe, words):
    """Starts a terminal, uses it a little, and gives what it has mapped."""
    ahead = {f: open(f).read() for f in glob.glob("/sys/block/*/queue/read_ahead_kb")}
    fd = os.open(exe, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    tmux = ["tmux", "-L", "layout"]
    try:
        for f in ahead:
            open(f, "w").write("0")
        command = shlex.join([exe, *words])
        subprocess.run([*tmux, "new-session", "-d", "-x", "120", "-y", "36", f"exec {command}"], check=True)
        time.sleep(4)
        for key in ["j", "j", "k", "Enter", "Escape"]:
            subprocess.run([*tmux, "send-keys", key], check=True)
            time.sleep(0.5)
        pid = subprocess.run([*tmux, "list-panes", "-F", "#{pane_pid}"], capture_output=True, text=True).stdout
        return mapped(int(pid), exe)
    finally:
        for f, value in ahead.items():
            open(f, "w").write(value)
        subprocess.run([*tmux, "kill-server"])


def parts(name):
    """The path in a mangled name, without the hash at its end."""
    out, at = [], 3
    while name.startswith("_ZN") and at < len(name) and name[at].isdigit():
        digits = re.match(r"\d+", name[at:])[0]
        end = at + len(digits) + int(digits)
        out.append(name[at:end])
        at = end
    return tuple(out[:-1] if out and re.fullmatch(r"17h[0-9a-f]{16}", out[-1]) else out)


def main():
    built, words = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(built))) as folder:
        exe = os.path.join(folder, "switchboard")
        shutil.copy(built, exe)
        pages = run(exe, words)
        sections = subprocess.run(["readelf", "-SW", exe], capture_output=True, text=True).stdout
        address, offset = (int(x, 16) for x in re.search(r"\.text\s+PROGBITS\s+(\S+)\s+(\S+)", sections).groups())
        listed = subprocess.run(["nm", "--defined-only", "-S", exe], capture_output=True, text=True).stdout
    size, hot, plain = collections.Counter(), collections.Counter(), set()
    for line in listed.splitlines():
        field = line.split(" ", 3)
        if len(field) != 4 or field[2] not in "tTwW":
            continue
        at, length = int(field[0], 16) - address + offset, int(field[1], 16)
        ran = any(p in pages for p in range(at // 4096, (at + max(length, 1) - 1) // 4096 + 1))
        path = parts(field[3])
        if not path:
            if ran and not re.search(r"\.\d+$", field[3]):
                plain.add(field[3])
            continue
        for n in range(1, len(path) + 1):
            size[path[:n]] += length
            hot[path[:n]] += length if ran else 0
    below = collections.defaultdict(list)
    for path in size:
        below[path[:-1]].append(path)
    taken, look = [], list(below[()])
    while look:
        path = look.pop()
        if hot[path] == 0:
            continue
        if hot[path] >= DENSE * size[path] or not below[path]:
            taken.append(path)
        else:
            look.extend(below[path])
    taken.sort(key=lambda p: (-round(hot[p] / size[p], 1), p))
    with open(NAMES, "w") as f:
        f.write("# Functions that an attached terminal runs, for build.rs; made by benches/layout.py. The ends of names change\n")
        f.write("# with each compiler and are left out.\n")
        f.writelines(f"{name}\n" for name in sorted(plain))
        f.writelines(f"_ZN{''.join(path)}*\n" for path in taken)
    print(f"{len(pages) * 4} KiB of code, {len(plain) + len(taken)} names")


main()
