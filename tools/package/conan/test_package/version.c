/* Prints the version of the library, which is that of the header. */

#include <stdio.h>
#include <string.h>

#include <wspeer.h>

int main(void)
{
    printf("wspeer %s\n", wsp_version());
    return strcmp(wsp_version(), WSP_VERSION) != 0;
}
