/* Calls itself until no stack is left. */
static volatile int never;

static int deeper(int n)
{
    volatile char frame[4096];

    frame[0] = (char)n;
    return never ? 0 : deeper(n + 1) + frame[0];
}

int main(void)
{
    return deeper(0);
}
