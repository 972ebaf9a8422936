# SPDX-License-Identifier: GPL-3.0-or-later
"""What the makers of CDs share: CDs that start by GRUB for EFI, made once and kept in the cache.

A maker gives a function that fills a folder; make() turns it into a CD, and makes it again when the maker has changed.
The status is 77 if the packages cannot be fetched, and 1 if anything else fails.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vitrine"
MAKER = Path(sys.argv[0]).name
UNREACHABLE = 77
# The programs used here, and where they are.
PROGRAMS = {"mformat": "mtools", "xorriso": "xorriso"}


class Architecture(NamedTuple):
    debian: str  # Debian's name
    grub_package: str
    grub: str  # where it is in the package
    loader: str  # what EFI firmware looks for


ARCHITECTURES = {
    "riscv64": Architecture("riscv64", "grub-efi-riscv64-bin", "usr/lib/grub/riscv64-efi/monolithic/gcdriscv64.efi", "BOOTRISCV64.EFI"),
    "aarch64": Architecture("arm64", "grub-efi-arm64-bin", "usr/lib/grub/arm64-efi/monolithic/gcdaa64.efi", "BOOTAA64.EFI"),
}

begun = time.monotonic()


def say(text):
    print(f"{MAKER}: {text} ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)


def die(text, status=1):
    print(f"{MAKER}: {text}", file=sys.stderr)
    sys.exit(status)


def run(*command, **options):
    """What a command prints; if it fails, so does the maker."""
    done = subprocess.run([str(word) for word in command], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode:
        die(f"{' '.join(map(str, command))} failed: {done.stdout.decode(errors='replace')[-3000:]}")
    return done.stdout.decode(errors="replace")


def require(programs):
    for program, package in programs.items():
        if not shutil.which(program):
            die(f"there is no {program}; it comes with {package}")


def fetch(sysroot, architecture, *packages, suite=None):
    """GRUB and these packages of an architecture, from Debian 13 or another release, unpacked: the folder, which is the sysroot
    of this name."""
    say("fetching the packages")
    options = ["-s", suite] if suite else []
    done = subprocess.run([TOP / "tools/sysroot", "-n", sysroot, *options, architecture.debian, architecture.grub_package, *packages],
                          check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        die("the packages could not be fetched; why is said above", UNREACHABLE)
    return Path(done.stdout.splitlines()[-1])


def write(iso, tree, architecture, packages, volume, grub_config):
    """Makes a CD of a folder, as Debian's own are made: with an EFI system partition as El Torito image, in which is GRUB
    from the folder `packages`."""
    (tree / ".disk").mkdir()
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(grub_config)
    # By this file GRUB finds the CD that it has come from.
    (tree / ".disk/info").write_text(volume + "\n")
    esp = tree / "boot/grub/efi.img"
    run("mformat", "-C", "-i", esp, "-T", 16 << 11, "-h", 64, "-s", 32, "::")
    run("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", esp, packages / architecture.grub, f"::/EFI/BOOT/{architecture.loader}")
    say("writing the CD")
    run("xorriso", "-as", "mkisofs", "-quiet", "-r", "-J", "-V", volume, "-o", iso, "-e", "boot/grub/efi.img",
        "-no-emul-boot", tree)


def arguments(description, architectures):
    """What was asked for: an architecture of these, the first unless one is named, and whether to make the CD again."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--again", action="store_true", help="make it even if it is there")
    parser.add_argument("architecture", nargs="?", choices=architectures, default=architectures[0])
    return parser.parse_args()


def make(name, again, fill, made_of=()):
    """The whole program of a maker. `fill (tree, iso)` fills the folder `tree` and calls write(). What else the CD
    depends on, but for the maker and this file, are the files `made_of`."""
    # Only Debian 13's apt has Debian 13's sources: anywhere else this runs in the root that ./dev makes.
    if "VERSION_CODENAME=trixie" not in Path("/etc/os-release").read_text(encoding="utf-8") or \
            not shutil.which("apt-get"):
        os.execv(TOP / "dev", [str(TOP / "dev"), "root", *sys.argv])
    home = CACHE / MAKER
    home.mkdir(parents=True, exist_ok=True)
    recipe = hashlib.sha256()
    for file in (sys.argv[0], __file__, *made_of):
        recipe.update(hashlib.sha256(Path(file).read_bytes()).digest())
    iso = home / f"{name}-{recipe.hexdigest()[:12]}.iso"
    with open(home / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another that makes the CD")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if again or not iso.exists():
            make_new(home, iso, fill)
            for old in home.glob(f"{name}-*.iso"):
                if old != iso:
                    old.unlink()
    print(iso)


def make_new(home, iso, fill):
    """The CD is made under another name and renamed when complete, so what has its name is whole."""
    require(PROGRAMS)
    work = home / "work"
    shutil.rmtree(work, ignore_errors=True)
    (work / "cd").mkdir(parents=True)
    fill(work / "cd", work / "cd.iso")
    (work / "cd.iso").rename(iso)
    shutil.rmtree(work)
    say("done")
