"""Never asks the program to go on."""

while True:
    pass
