"""Checks your virtio drivers. Run it from the top of the course: ./course check labs/08-a-virtio-driver."""

from __future__ import annotations

import random
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from unilab.errors import CourseError
from unilab.labs import Part, Report, part
from unilab.labs.guest import Booted, GuestAnswer
from unilab.machines.device_log import device_log
from unilab.machines.devices import Disk
from unilab.machines.machine import EXIT
from unilab.spaces.virtio import feature_names
from unilab.toolchain import Image, inside, libos

TRIALS = Path(__file__).parent / "trials"
RING, ENTROPY, BLOCK = "virtqueue.c", "virtio_rng.c", "virtio_blk.c"
SECTOR = 512
#: Sectors that fit into one request of a driver whose queue has 128 descriptors: more than these take several.
ONE_REQUEST = 488
#: Feature bits that the library OS's driver of disks knows, and that yours may: the others it must leave.
READ_ONLY, FLUSH, VERSION_1 = 1 << 5, 1 << 9, 1 << 32
KNOWN = 1 << 2 | READ_ONLY | FLUSH | VERSION_1
ERROR = -5
SECONDS = 8.0
#: Of the trial with threads: how many there are, bytes that each has, and rounds.
THREADS, EACH, ROUNDS = 4, 4 * SECTOR, 40
NO_RANDOM = ("rdrand", "rdseed")
#: How a trial begins a complaint; and what it is given to say at its end, so that nobody else can say it.
MARK, WORD = "WRONG ", secrets.token_hex(8)
#: What pool.c does when an object is given back, and what it does here: who still uses it finds other bytes in it.
GIVEN_BACK = "    *(void **)object = pool->free;\n    pool->free = object;\n    pool->count--;\n"
SPOILT = "    memset(object, 0xdd, pool->size);\n" + GIVEN_BACK


def check(folder: Path, seed: int) -> Report:
    """Grade the three files in a folder: each with the course's own other two, then all together."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="unilab-lab-") as scratch:
        parts = [*ring(folder, draw), *entropy(folder, draw), *block(folder, draw, Path(scratch))]
        if all(each.passed for each in parts):
            answer = answer_of(folder, RING, ENTROPY, BLOCK)
            together = read_and_write(answer, draw, Path(scratch), machine="q35")
        else:
            together = "first the parts above"
        parts.append(part("all three together, on the PCI bus", 1, together))
    return Report(folder.name, tuple(parts))


def answer_of(folder: Path, *names: str) -> GuestAnswer:
    """Some of the files, in front of the library OS."""
    pool = (libos.tree() / "core" / "pool.c").read_text(encoding="utf-8")
    spoiling = pool.replace(GIVEN_BACK, SPOILT)
    return GuestAnswer(folder, {name: f"dev/{name}" for name in names}, {"core/pool.c": spoiling.encode()})


def ring(folder: Path, draw: random.Random) -> list[Part]:
    """virtqueue.c, against a device that is played in the guest's own memory."""
    answer = answer_of(folder, RING)
    trials = {
        "a request is described": (2, ["add"]),
        "it is published": (2, ["publish"]),
        "it is taken back, in any order and for long": (4, ["take", "long"]),
        "a device that lies": (2, ["lies"]),
    }
    found: list[Part] = []
    hangs = ""
    for name, (points, words) in trials.items():
        seeds = [str(draw.randrange(1, 1 << 30)) for _ in words]
        complaint = hangs
        for word, one in zip(words, seeds, strict=True):
            complaint = complaint or say(boot(answer, "trial_ring.c", [word, one]))
        hangs = complaint if "has not ended" in complaint else hangs
        same = next((each.name for each in found if complaint and each.message == complaint), "")
        found.append(part(name, points, f"as above, in: {same}" if same else complaint))
    return found


def entropy(folder: Path, draw: random.Random) -> list[Part]:
    """virtio_rng.c, with a device and without."""
    answer = answer_of(folder, ENTROPY)
    lengths = [
        1,
        draw.randrange(2, 200),
        256,
        257,
        draw.randrange(300, 1000),
        *(draw.randrange(16, 256) for _ in "four"),
    ]
    complaint = say(boot(answer, "trial_rng.c", map(str, lengths), entropy=True, cpu_without=NO_RANDOM))
    complaint = complaint or say(boot(answer, "trial_rng.c", ["16"], cpu_without=NO_RANDOM))
    return [part("random bytes", 3, complaint)]


def block(folder: Path, draw: random.Random, scratch: Path) -> list[Part]:
    """virtio_blk.c: what a disk is, what is on it, and what goes wrong."""
    answer = answer_of(folder, BLOCK)
    what = features(answer, draw, scratch)
    content = "first what a disk is" if what else read_and_write(answer, draw, scratch)
    rest = "first reading and writing" if content else errors(answer, draw, scratch)
    return [
        part("what a disk is", 1, what),
        part("reading and writing", 3, content),
        part("flushes and errors", 2, rest),
    ]


def features(answer: GuestAnswer, draw: random.Random, scratch: Path) -> str:
    """Size and rights of a disk, and which features the driver accepts."""
    for read_only in (False, True):
        sectors = draw.randrange(100, 4000)
        disk = Disk(make(scratch / "disk", bytes(sectors * SECTOR)), read_only)
        booted = boot(answer, "trial_blk.c", ["i"], disks=[disk])
        complaint = say(booted) or described(booted.console.splitlines()[0], sectors, read_only)
        if complaint := complaint or accepted(answer, disk):
            return complaint
    return ""


def described(said: str, sectors: int, read_only: bool) -> str:
    """What is wrong with the driver's words on a disk."""
    if said == "none":
        return "block_device() found no disk: start() did not succeed, or did not fill in disk->device"
    _, size, rights = said.split()
    if int(size) != sectors:
        return f"a disk of {sectors} sectors has block.sectors {size}. The capacity is in sectors, 64 bits of it"
    if int(rights) != read_only:
        return f"a disk that is {'' if read_only else 'not '}read-only has block.read_only {rights}"
    return ""


def accepted(answer: GuestAnswer, disk: Disk) -> str:
    """What is wrong with the features that the driver accepts."""
    talk = device_log(image(answer, "trial_blk.c"), args=[WORD, "i"], disks=[disk], deadline=SECONDS)["virtio-blk"]
    if more := talk.accepted & ~KNOWN:
        names = ", ".join(feature_names("virtio-blk", more))
        return f"start() accepts what this driver does not implement: {names}. Name the features that it knows"
    if not talk.accepted & FLUSH:
        return "the device offers VIRTIO_BLK_F_FLUSH, and start() does not accept it. Which are optional?"
    return ""


def read_and_write(answer: GuestAnswer, draw: random.Random, scratch: Path, machine: str = "microvm") -> str:
    """Sectors of a disk with contents by chance, read and written, by one thread and by four."""
    sectors = draw.randrange(1500, 4000)
    content = bytearray(draw.randbytes(sectors * SECTOR))
    disk = make(scratch / "disk", content)
    words, expected = [], []
    shifts = [(1, 0), (3, 512), (draw.randrange(2, 40), draw.randrange(4096)), (ONE_REQUEST + 100, 4095)]
    for count, shift in shifts:
        at, to = (draw.randrange(20, sectors - count) for _ in "rw")
        key = draw.randrange(1 << 20)
        words += [f"r:{at}:{count}:{shift}", f"w:{to}:{count}:{shift}:{key}"]
        expected += [f"r 0 {fnv(content[at * SECTOR : (at + count) * SECTOR]):016x} clean", "w 0"]
        content[to * SECTOR : (to + count) * SECTOR] = filled(count * SECTOR, key)
    words.append(f"t:{ROUNDS}")
    expected.append("t same")
    for own in range(THREADS):
        content[own * EACH : (own + 1) * EACH] = filled(EACH, own * 1000 + ROUNDS - 1)
    booted = boot(answer, "trial_blk.c", words, disks=[disk], machine=machine)
    if complaint := say(booted):
        return complaint
    for word, right, said in zip(words, expected, booted.console.splitlines(), strict=False):
        if said != right:
            return differs(word, right, said)
    wrong = next((i for i in range(sectors) if piece(content, i) != piece(disk.read_bytes(), i)), None)
    if wrong is not None:
        return (
            f"every call gave 0, and sector {wrong} of the disk is not what should be there. The request's sector "
            f"counts {SECTOR} bytes, and the data come between header and status"
        )
    return ""


def differs(word: str, right: str, said: str) -> str:
    """What is wrong with a line of the trial's."""
    kind, *numbers = word.split(":")
    if kind == "t":
        return (
            "four threads used the disk, each its own sectors, and one read what it had not written. All are woken "
            "when one request is done: whose is it? Whoever is woken looks again, in a loop"
        )
    sector, count, shift, *_ = numbers
    what = f"{'reading' if kind == 'r' else 'writing'} {count} sectors from {sector} on, at byte {shift} of a page,"
    _, result, *more = said.split()
    if result != "0":
        return (
            f"{what} gave {result}. Look at the status that the device wrote, and at the sector: it counts 512 bytes. "
            "Until a request is done, its memory is the device's: do not give it back"
        )
    if more[-1] != "clean":
        return f"{what} touched memory beside the buffer"
    return (
        f"{what} gave other bytes than the disk has. The header's sector counts {SECTOR} bytes; the parts are header, "
        "data, status; of a read, the device writes the data, and it has when the request is done"
    )


def errors(answer: GuestAnswer, draw: random.Random, scratch: Path) -> str:
    """A flush reaches the device, and what the device refuses reaches the caller."""
    sectors = draw.randrange(100, 1000)
    disk = make(scratch / "disk", bytes(sectors * SECTOR))
    flushes = draw.randrange(2, 6)
    words = ["w:3:2:0:7", *["f"] * flushes, f"x:{sectors + draw.randrange(1, 7)}", "r:3:1:0"]
    booted = boot(answer, "trial_blk.c", words, disks=[disk])
    if complaint := say(booted):
        return complaint
    said = booted.console.splitlines()
    if any(line != "f 0" for line in said[1 : 1 + flushes]):
        return f"a flush gave {said[1].split()[1]}. It has a header and a status, and no data"
    if (got := int(said[1 + flushes].split()[1])) != ERROR:
        return (
            f"the device was asked for a sector that it does not have, and block_read() gave {got}, not {ERROR} "
            "(-EIO). The device says how a request went in its status byte"
        )
    if not said[2 + flushes].startswith("r 0"):
        return "after a request that failed, the next one failed, too"
    if (got := flushed(answer, words, disk)) < flushes:
        return f"block_flush() was called {flushes} times, and the disk was flushed {got} times"
    return ""


def flushed(answer: GuestAnswer, words: Sequence[str], disk: Path) -> int:
    """How often QEMU has flushed the disk when the program is about to end."""
    with answer.start(image(answer, "trial_blk.c"), args=[WORD, *words], disks=[disk], stop_at=EXIT) as machine:
        stats = machine.query("query-blockstats")
    return sum(int(each["stats"]["flush_operations"]) for each in stats)


def image(answer: GuestAnswer, program: str) -> Image:
    """A trial, which uses the library OS from inside."""
    return answer.image(TRIALS / program, cflags=inside())


def boot(answer: GuestAnswer, program: str, words: Sequence[str], **options: object) -> Booted:
    """Run a trial to its end."""
    if answer.trouble:
        return Booted("", "build", None, answer.trouble)
    try:
        built = image(answer, program)
    except CourseError as error:
        return Booted("", "build", None, error.message)
    return answer.boot(built, seconds=SECONDS, args=[WORD, *words], **options)


def say(booted: Booted) -> str:
    """What a trial complains of; empty if it is content."""
    if booted.trouble:
        return booted.trouble
    wrong = next((line for line in booted.console.splitlines() if line.startswith(MARK)), "")
    if wrong:
        return wrong.removeprefix(MARK)
    return (
        ""
        if booted.console.endswith(f"RIGHT {WORD}\n")
        else f"it ended too early; it printed: {booted.console.strip()!r}"
    )


def make(path: Path, content: bytes | bytearray) -> Path:
    """A file of these bytes."""
    path.write_bytes(content)
    return path


def piece(content: bytes | bytearray, sector: int) -> bytes:
    """One sector."""
    return bytes(content[sector * SECTOR : (sector + 1) * SECTOR])


def fnv(data: bytes | bytearray) -> int:
    """The sum that the trial makes: FNV-1a of 64 bits."""
    total = 0xCBF29CE484222325
    for byte in data:
        total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return total


def filled(length: int, seed: int) -> bytes:
    """The bytes that the trial makes of a seed."""
    made = bytearray()
    for _ in range(length):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        made.append(seed >> 24)
    return bytes(made)
