/* tether PARENT COMMAND...: becomes COMMAND, with all the descriptors it may have, and dies when PARENT does, however that ends. */
#include "bench.h"
#include <sys/prctl.h>
#include <sys/resource.h>

int main(int count, char **words) {
  if (count < 3) return 2;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != atoi(words[1])) return 1;
  execvp(words[2], words + 2);
  die(words[2]);
}
