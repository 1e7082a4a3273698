// The wall clock, $QIAO_SHIFT seconds off, for a program that it is loaded into (LD_PRELOAD).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  static long shift;
  if (!real) {
    const char* text = getenv("QIAO_SHIFT");
    shift = text ? atol(text) : 0;
    real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  }
  const int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += shift;
  return result;
}
