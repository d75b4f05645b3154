"""From a C file to an image, with nothing but PyPI's ``ziglang``."""

from unilab.architectures import ARCHITECTURES
from unilab.toolchain.build import Image, build, prepare
from unilab.toolchain.libos import inside

__all__ = ["ARCHITECTURES", "Image", "build", "inside", "prepare"]
