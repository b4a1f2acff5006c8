// node link.mjs LISTEN TARGET: the relay anybody would write on node:net, in 20 lines; the node transport is measured against it.
import net from 'node:net'

const [listenPort, targetPort] = process.argv.slice(2).map(Number)

function link(source, target) {
  source.on('data', (bytes) => {
    if (!target.write(bytes)) source.pause()
  })
  target.on('drain', () => source.resume())
  source.on('end', () => target.end())
  source.on('error', () => target.resetAndDestroy())
  source.on('close', () => target.destroySoon())
}

net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const upstream = net.connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true, noDelay: true })
  link(client, upstream)
  link(upstream, client)
}).listen({ host: '127.0.0.1', port: listenPort, backlog: 4096 })
