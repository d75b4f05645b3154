/* The same server, among frames that nobody should send. */
#include "../network_echo/network_echo.c"
