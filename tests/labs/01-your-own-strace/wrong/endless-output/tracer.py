"""Never asks whether the program has ended."""

while True:
    print("getppid() = 1")
