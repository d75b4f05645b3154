"""Programs that keep files on a disk, and the disk as this host sees it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from unilab import run
from unilab.errors import CourseError
from unilab.machines.disk_image import make_disk, read_disk
from unilab.toolchain import build

_TESTS = Path(__file__).resolve().parents[1]
_SOAK = "UNILAB_SOAK" in os.environ

_COPIER = r"""
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies each file of /data/from into /data/to, backwards in pieces so that no two writes follow each other. */
int main(void)
{
    static char piece[7000];
    char from[300], to[300];
    DIR *directory = opendir("/data/from");

    mkdir("/data/to", 0755);
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct stat st;

        snprintf(from, sizeof from, "/data/from/%s", entry->d_name);
        snprintf(to, sizeof to, "/data/to/%s", entry->d_name);
        if (entry->d_type != DT_REG)
            continue;
        int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0644);
        if (in < 0 || out < 0 || fstat(in, &st))
            return 1;
        for (off_t at = (st.st_size / (off_t)sizeof piece) * (off_t)sizeof piece; at >= 0; at -= (off_t)sizeof piece) {
            ssize_t n = pread(in, piece, sizeof piece, at);

            if (n < 0 || pwrite(out, piece, (size_t)n, at) != n)
                return 2;
        }
        close(in);
        close(out);
    }
    return closedir(directory);
}
"""

_ENDINGS = r"""
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes, and ends without closing anything or waiting for the disk: in the way that it is told. */
int main(int argc, char **argv)
{
    int fd = open("/data/file", O_WRONLY | O_CREAT, 0644);

    if (argc != 2 || write(fd, "written", 7) != 7)
        return 1;
    if (!strcmp(argv[1], "exit"))
        _exit(0);
    if (!strcmp(argv[1], "abort"))
        abort();
    if (!strcmp(argv[1], "thread"))
        pthread_exit(NULL);
    if (!strcmp(argv[1], "panic"))
        *(volatile int *)8 = 1;
    return 0;
}
"""


def _program(folder: Path, text: str) -> Path:
    (folder / "program.c").write_text(text)
    return folder / "program.c"


def test_files_go_in_and_come_out_whole(tmp_path: Path) -> None:
    chance = random.Random(7)
    sizes = [0, 1, 511, 512, 513, 4095, 4096, 4097, 70_000, 300_000]
    contents = {f"file of {size} – é": chance.randbytes(size) for size in sizes}
    disk = make_disk(tmp_path / "disk", 2 << 20, {f"from/{name}": data for name, data in contents.items()})
    assert run(_program(tmp_path, _COPIER), disks=[disk]).exit_status == 0
    assert read_disk(disk) == {f"{folder}/{name}": data for folder in ("from", "to") for name, data in contents.items()}


@pytest.mark.parametrize("ending", ["return", "exit", "abort", "thread"])
def test_what_was_written_outlives_the_program(tmp_path: Path, ending: str) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 18)
    run(_program(tmp_path, _ENDINGS), disks=[disk], args=[ending], check=False)
    assert read_disk(disk) == {"file": b"written"}


def test_a_panic_writes_nothing_more(tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 18)
    run(_program(tmp_path, _ENDINGS), disks=[disk], args=["panic"], check=False)
    assert read_disk(disk) == {"file": b""}


@pytest.mark.parametrize("name", ["open_files", "mapped_files", *(["many_files", "random_files"] if _SOAK else [])])
def test_files_on_a_disk_are_like_a_process_s(tmp_path: Path, name: str) -> None:
    program = _TESTS / "guest" / name / f"{name}.c"
    (tmp_path / "folder").mkdir()
    process = run(program, "process", env={"TMPDIR": str(tmp_path / "folder")})
    disk = make_disk(tmp_path / "disk", 16 << 20)
    unikernel = run(program, disks=[disk], env={"TMPDIR": "/data"}, deadline=300)
    assert (unikernel.console, unikernel.exit_status) == (process.console, process.exit_status)


def test_only_an_image_for_a_disk_has_its_file_system(tmp_path: Path) -> None:
    program = _program(tmp_path, '#include <fcntl.h>\nint main(void) { return open("/data/x", O_RDONLY) < 0; }\n')
    without, with_it = build(program), build(program, services=["disk"])
    assert without.size < with_it.size - 30_000
    assert "littlefs" not in without.map.read_text()
    hello = _TESTS.parent / "notebooks" / "programs" / "hello.c"
    assert build(hello, services=["disk"]).size == build(hello).size


def test_a_service_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="there is no service 'desk'"):
        build(_program(tmp_path, "int main(void) { return 0; }\n"), services=["desk"])
