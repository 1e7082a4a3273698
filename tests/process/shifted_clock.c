// The wall clock, for a program that this is loaded into (LD_PRELOAD): $QIAO_SHIFT seconds off, or from $QIAO_BEGIN on
// $QIAO_SPEED times as fast.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec*);
static long shift, speed, begin;

static long number(const char* name) {
  const char* text = getenv(name);
  return text ? atol(text) : 0;
}

__attribute__((constructor)) static void prepare(void) {
  shift = number("QIAO_SHIFT");
  speed = number("QIAO_SPEED");
  begin = number("QIAO_BEGIN");
  real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  if (!real) prepare();
  const int result = real(clock, now);
  if (clock != CLOCK_REALTIME) return result;
  now->tv_sec += shift;
  if (speed) {
    const long long since = (now->tv_sec - begin) * 1000000000LL + now->tv_nsec;
    now->tv_sec = begin + since * speed / 1000000000LL;
    now->tv_nsec = since * speed % 1000000000LL;
  }
  return result;
}
