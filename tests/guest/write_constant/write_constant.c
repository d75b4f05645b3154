/* Constants are read-only. */
static const volatile int constant = 1;

int main(void)
{
    *(volatile int *)&constant = 2;
    return 0;
}
