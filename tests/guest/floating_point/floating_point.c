/* SSE and x87 work, and the C library prints and parses what they compute. */
#include "../check.h"
#include <math.h>

int main(void)
{
    char text[64];
    volatile double two = 2;
    volatile long double third = 1.0L / 3;

    snprintf(text, sizeof text, "%.15f %g %.20Lf", sqrt(two), exp(log(two) * 100), third);
    CHECK(!strcmp(text, "1.414213562373095 1.26765e+30 0.33333333333333333334"));
    CHECK(strtod("6.02214076e23", 0) == 6.02214076e23);
    CHECK(fabs(sin(two) * sin(two) + cos(two) * cos(two) - 1) < 1e-15);
    SUCCESS();
}
