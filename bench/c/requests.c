/* requests PORT CONNECTIONS SECONDS HOST:PORT: keep-alive GETs in absolute form for http://HOST:PORT/, one in flight on each connection.
   Every answer must be a 200 with a Content-Length; its head may come in pieces. */
#include "bench.h"

#define MAX_CONNECTIONS 1024
#define MAX_ANSWER 16384
static struct { int fd; double sent_at; int filled; int whole; char bytes[MAX_ANSWER]; } connections[MAX_CONNECTIONS];

/* Length of head and body once the head is there, else 0. */
static int answer_size(char *bytes, int filled) {
  char *end = memmem(bytes, filled, "\r\n\r\n", 4);
  if (!end) return 0;
  if (memcmp(bytes, "HTTP/1.1 200", 12)) { fprintf(stderr, "answered %.12s\n", bytes); exit(1); }
  for (char *line = bytes; line < end;) {
    if (!strncasecmp(line, "content-length:", 15)) return (int)(end + 4 - bytes) + atoi(line + 15);
    line = (char *)memmem(line, end + 2 - line, "\r\n", 2) + 2;
  }
  fprintf(stderr, "answer without content-length\n");
  exit(1);
}

/* Reads once; 1 when the answer is complete. */
static int take(int index) {
  int room = MAX_ANSWER - connections[index].filled;
  if (room <= 0) { fprintf(stderr, "answer above %d bytes\n", MAX_ANSWER); exit(1); }
  ssize_t got = read(connections[index].fd, connections[index].bytes + connections[index].filled, room);
  if (got <= 0) die("connection closed early");
  connections[index].filled += got;
  if (!connections[index].whole) connections[index].whole = answer_size(connections[index].bytes, connections[index].filled);
  if (!connections[index].whole || connections[index].filled < connections[index].whole) return 0;
  if (connections[index].filled > connections[index].whole) { fprintf(stderr, "bytes after the answer\n"); exit(1); }
  connections[index].filled = connections[index].whole = 0;
  return 1;
}

int main(int count, char **words) {
  if (count < 5) return 2;
  int port = atoi(words[1]), many = atoi(words[2]), set = epoll_create1(EPOLL_CLOEXEC);
  double seconds = atof(words[3]);
  if (many < 1 || many > MAX_CONNECTIONS) return 2;
  char request[512];
  int size = snprintf(request, sizeof request, "GET http://%s/ HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n", words[4], words[4]);
  for (int index = 0; index < many; index++) {
    if ((connections[index].fd = dial(port)) < 0) die("connect");
    watch(set, connections[index].fd, index);
  }
  double started_at = now(), at = started_at;
  for (int index = 0; index < many; index++) {
    connections[index].sent_at = now();
    send_all(connections[index].fd, request, size);
  }
  for (struct epoll_event events[512]; (at = now()) < started_at + seconds;) {
    int ready = epoll_wait(set, events, 512, 100);
    for (int event = 0; event < ready; event++) {
      int index = events[event].data.u32;
      if (!take(index)) continue;
      double answered_at = now();
      record_delay(answered_at - connections[index].sent_at);
      connections[index].sent_at = answered_at;
      send_all(connections[index].fd, request, size);
    }
  }
  if (delay_total == 0) { fprintf(stderr, "no answer in %.1f s\n", seconds); return 1; }
  printf("{\"units\":%ld,\"seconds\":%.6f,\"p50Us\":%.1f,\"p99Us\":%.1f}\n", delay_total, at - started_at, delay_at(0.5), delay_at(0.99));
}
