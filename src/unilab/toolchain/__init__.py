"""From a C file to an image, with nothing but PyPI's ``ziglang``."""

from unilab.toolchain.build import ARCHITECTURES, Image, build, prepare
from unilab.toolchain.libos import inside

__all__ = ["ARCHITECTURES", "Image", "build", "inside", "prepare"]
