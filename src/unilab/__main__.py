"""``python -m unilab``: what ./course hands over to."""

from unilab.cli import main

if __name__ == "__main__":
    main()
