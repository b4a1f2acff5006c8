/* conns PORT THREADS SECONDS: connect, one byte there and back, close; again and again on each thread.
   The close is a reset: a FIN leaves a socket in TIME_WAIT each time, and 40,000 of those slow down whatever is measured next. */
#include "bench.h"

#define MAX_THREADS 64
static int port;
static double end_at;
static long done, failed;

static int visit(void) {
  char byte = 'x';
  int fd = dial(port);
  if (fd < 0) return 0;
  int fine = send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && read(fd, &byte, 1) == 1;
  struct linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
  return fine;
}

static void *work(void *unused) {
  long mine = 0, lost = 0;
  while (now() < end_at) {
    if (visit()) mine++;
    else if (++lost, usleep(1000), lost > 1000) break;
  }
  __sync_fetch_and_add(&done, mine);
  __sync_fetch_and_add(&failed, lost);
  return unused;
}

int main(int count, char **words) {
  if (count < 4) return 2;
  port = atoi(words[1]);
  int many = atoi(words[2]);
  if (many < 1 || many > MAX_THREADS) return 2;
  pthread_t threads[MAX_THREADS];
  double started_at = now();
  end_at = started_at + atof(words[3]);
  for (int index = 0; index < many; index++) pthread_create(&threads[index], 0, work, 0);
  for (int index = 0; index < many; index++) pthread_join(threads[index], 0);
  printf("{\"units\":%ld,\"seconds\":%.6f,\"failed\":%ld}\n", done, now() - started_at, failed);
  return done ? 0 : 1;
}
