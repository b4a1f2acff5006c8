import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { isMainThread, markAsUntransferable } from 'node:worker_threads'
import type * as koffi from 'koffi'
import type { Platform } from '../../../kit/host.ts'

type Koffi = typeof koffi
/** Checked by koffi against the prototype, at run time. */
type CFunction = (...args: any[]) => any

/** Linux numbers, the same on x64 and arm64. */
export const linux = {
  AF_INET: 2, AF_INET6: 10, SOCK_STREAM: 1, SOCK_NONBLOCK: 0o4000, SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1, SO_REUSEADDR: 2, SO_ERROR: 4, SO_SNDBUF: 7, SO_RCVBUF: 8, SO_KEEPALIVE: 9, SO_LINGER: 13,
  IPPROTO_TCP: 6, TCP_NODELAY: 1, TCP_KEEPIDLE: 4, IPPROTO_IPV6: 41, IPV6_V6ONLY: 26,
  EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3, EPOLLIN: 1, EPOLLOUT: 4, EPOLLERR: 8, EPOLLHUP: 16, EPOLLRDHUP: 0x2000,
  SHUT_WR: 1, MSG_NOSIGNAL: 0x4000, O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000,
  CLOCK_MONOTONIC: 1, UV_POLL: 8, UV_READABLE: 1,
} as const

/** `uintptr_t` takes an address as a plain number, which costs less than a Buffer on calls made for every message. */
const prototypes = {
  read: 'long read(int, uintptr_t, size_t)',
  recv: 'long recv(int, uintptr_t, size_t, int)',
  send: 'long send(int, const void*, size_t, int)',
  sendAt: 'long send(int, uintptr_t, size_t, int)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, uintptr_t)',
  epoll_wait: 'int epoll_wait(int, uintptr_t, int, int)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void*, uint)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, uintptr_t, uintptr_t, int)',
  connect: 'int connect(int, const void*, uint)',
  getsockname: 'int getsockname(int, void*, void*)',
  getpeername: 'int getpeername(int, void*, void*)',
  getsockopt: 'int getsockopt(int, int, int, uintptr_t, uintptr_t)',
  setsockopt: 'int setsockopt(int, int, int, uintptr_t, uint)',
  shutdown: 'int shutdown(int, int)',
  close: 'int close(int)',
  inet_pton: 'int inet_pton(int, const char*, void*)',
  inet_ntop: 'const char* inet_ntop(int, const void*, void*, uint)',
  if_nametoindex: 'uint if_nametoindex(const char*)',
  if_indextoname: 'const char* if_indextoname(uint, void*)',
  timerfd_create: 'int timerfd_create(int, int)',
  timerfd_settime: 'int timerfd_settime(int, int, uintptr_t, void*)',
  uv_default_loop: 'void* uv_default_loop()',
  uv_handle_size: 'size_t uv_handle_size(int)',
  uv_handle_type_name: 'const char* uv_handle_type_name(int)',
  uv_version: 'uint uv_version()',
  uv_poll_init: 'int uv_poll_init(void*, void*, int)',
  uv_poll_start: 'int uv_poll_start(void*, int, void*)',
  uv_poll_stop: 'int uv_poll_stop(void*)',
  uv_close: 'void uv_close(void*, void*)',
} as const

export type Libc = { readonly [Name in keyof typeof prototypes]: CFunction } & {
  readonly koffi: Koffi
  readonly arch: string
  /** Of the call just made. Valid until the next call into C. */
  errno(): number
}

/**
 * Memory C may keep a pointer to: outside the JavaScript heap, so it never moves, and nobody can transfer it away.
 * Hold the buffer while C uses it.
 */
export interface Pinned { readonly buffer: Buffer; readonly address: number }
export function pin(libc: Libc, bytes: number): Pinned {
  const buffer = Buffer.from(new ArrayBuffer(bytes))
  markAsUntransferable(buffer.buffer)
  return { buffer, address: Number(libc.koffi.address(buffer)) }
}

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))
export const errorName = (errno: number) => names.get(errno) ?? `E${errno}`

/**
 * The C functions of this very process: `load(null)` is the node binary with whatever libc it runs on,
 * so glibc and musl need no file name, and libuv is the one that drives this thread.
 */
export function loadLibc(
  { os, arch, bun }: Pick<Platform, 'os' | 'arch' | 'bun'>, load: () => Koffi = () => createRequire(import.meta.url)('koffi') as Koffi,
): Libc | { readonly reason: string } {
  if (os !== 'linux') return { reason: `no epoll on ${os}` }
  if (bun) return { reason: 'not on Bun: its event loop is not libuv' }
  if (!isMainThread) return { reason: 'not in a worker thread: its libuv loop cannot be reached' }
  try {
    const koffi = load()
    const library = koffi.load(null)
    const functions = Object.fromEntries(Object.entries(prototypes).map(([name, prototype]) => [name, library.func(prototype)]))
    const libc = { ...functions, koffi, arch, errno: () => koffi.errno() } as Libc
    return libuvProblem(libc) ?? libc
  } catch (error) {
    return { reason: `koffi does not work here: ${(error as Error).message.split('\n')[0]}` }
  }
}

function libuvProblem(libc: Libc): { readonly reason: string } | undefined {
  const major = libc.uv_version() >> 16
  if (major !== 1) return { reason: `libuv ${major} is not known` }
  if (libc.uv_handle_type_name(linux.UV_POLL) !== 'poll') return { reason: 'libuv numbers its handles differently' }
  return undefined
}
