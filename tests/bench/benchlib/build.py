# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the kernels for the host and a guest, with the same flags, into the cache."""

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SETS = {'main': HERE / 'kernels', 'extra': HERE / 'extra'}
HELLO = HERE / 'hello.c'
FLAGS = ['-O2', '-static', '-pthread']
LIBRARIES = ['-lm']
BARE_FLAGS = ['-nostdlib', '-static', '-Wl,--build-id=none', '-Wl,--omagic']  # without an operating system
HOST_COMPILER = 'gcc'


class BuildError(Exception):
    pass


def kernel_sources(set_name):
    """Maps the kernels of a set ('main', 'extra' or 'all') to their source files, by name."""
    names = SETS if set_name == 'all' else [set_name]
    return {path.stem: path for name in names for path in sorted(SETS[name].glob('*.c'))}


def compiler_version(compiler):
    if shutil.which(compiler) is None:
        raise BuildError(f'{compiler} is not installed: the kernels cannot be built')
    return subprocess.run([compiler, '--version'], check=True, capture_output=True, text=True).stdout.splitlines()[0]


def _key(command, version, source):
    digest = hashlib.sha256(f'{command}\n{version}\n'.encode())
    for path in (source, HERE / 'bench.h'):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _compile(compiler, version, source, directory, flags=FLAGS, libraries=LIBRARIES):
    """Compiles one source unless a program made from the same text by the same command is there."""
    program = directory / source.stem
    stamp = directory / f'{source.stem}.key'
    command = [compiler, *flags, str(source), *libraries]
    key = _key(command, version, source)
    if program.exists() and stamp.exists() and stamp.read_text() == key:
        return program
    unfinished = directory / f'{source.stem}.{os.getpid()}.tmp'
    result = subprocess.run([*command, '-o', str(unfinished)], capture_output=True, text=True)
    if result.returncode != 0:
        raise BuildError(f'{compiler} could not compile {source}:\n{result.stderr}')
    stamp.unlink(missing_ok=True)
    unfinished.rename(program)
    stamp.write_text(key)
    return program


def build(compiler, sources, directory):
    """Compiles `sources` (name: path) with `compiler`; returns the programs by name."""
    version = compiler_version(compiler)
    directory.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        programs = pool.map(lambda source: _compile(compiler, version, source, directory), sources.values())
        return dict(zip(sources, programs))


def build_bare(compiler, source, directory, address):
    """Compiles a program that needs no operating system, to stand at `address`."""
    directory.mkdir(parents=True, exist_ok=True)
    return _compile(compiler, compiler_version(compiler), source, directory, [*BARE_FLAGS, f'-Wl,-Ttext={address:#x}'], [])
