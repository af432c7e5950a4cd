/* echo.c for any host of Extism plug-ins. */
#define EXTISM_ONLY
#include "echo.c"
