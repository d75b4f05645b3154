"""Makes the folder root, with a program in it, to try your container with.

Usage: python make_root.py PROGRAM.c
"""

import shutil
import sys
from pathlib import Path

from unilab import build

root = Path(__file__).parent / "root"
(root / "proc").mkdir(parents=True, exist_ok=True)
source = Path(sys.argv[1])
shutil.copy(build(source, "process").path, root / source.stem)
print(f"python container.py root box 10 /{source.stem}")
