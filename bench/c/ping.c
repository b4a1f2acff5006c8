/* ping PORT CONNECTIONS BYTES SECONDS [HOST:PORT]: one message of BYTES in flight on each connection, echoed, again and again.
   With HOST:PORT, each connection first asks the proxy at PORT for a tunnel there (CONNECT). */
#include "bench.h"

#define MAX_CONNECTIONS 1024
static struct { int fd; double sent_at; long left; } connections[MAX_CONNECTIONS];
static char message[65536], bytes[65536];

static void open_tunnel(int fd, const char *target) {
  char text[512];
  int size = snprintf(text, sizeof text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target);
  send_all(fd, text, size);
  int seen = 0;
  while (seen < 4 || memcmp(text + seen - 4, "\r\n\r\n", 4)) {
    if (seen == sizeof text || read(fd, text + seen, 1) != 1) die("answer to CONNECT");
    seen++;
  }
  if (memcmp(text, "HTTP/1.1 200", 12)) { fprintf(stderr, "CONNECT answered %.12s\n", text); exit(1); }
}

int main(int count, char **words) {
  if (count < 5) return 2;
  int port = atoi(words[1]), many = atoi(words[2]), size = atoi(words[3]), set = epoll_create1(EPOLL_CLOEXEC);
  double seconds = atof(words[4]);
  if (many < 1 || many > MAX_CONNECTIONS || size < 1 || size > (int)sizeof message) return 2;
  memset(message, 'x', sizeof message);
  for (int index = 0; index < many; index++) {
    int fd = connections[index].fd = dial(port);
    if (fd < 0) die("connect");
    if (count > 5) open_tunnel(fd, words[5]);
    watch(set, fd, index);
  }
  double started_at = now(), at = started_at;
  for (int index = 0; index < many; index++) {
    connections[index].left = size;
    connections[index].sent_at = now();
    send_all(connections[index].fd, message, size);
  }
  for (struct epoll_event events[512]; (at = now()) < started_at + seconds;) {
    int ready = epoll_wait(set, events, 512, 100);
    for (int event = 0; event < ready; event++) {
      int index = events[event].data.u32, fd = connections[index].fd;
      ssize_t got = read(fd, bytes, sizeof bytes);
      if (got <= 0) die("connection closed early");
      if ((connections[index].left -= got) > 0) continue;
      double answered_at = now();
      record_delay(answered_at - connections[index].sent_at);
      connections[index].left = size;
      connections[index].sent_at = answered_at;
      send_all(fd, message, size);
    }
  }
  if (delay_total == 0) { fprintf(stderr, "no answer in %.1f s\n", seconds); return 1; }
  printf("{\"units\":%ld,\"seconds\":%.6f,\"p50Us\":%.1f,\"p99Us\":%.1f}\n", delay_total, at - started_at, delay_at(0.5), delay_at(0.99));
}
