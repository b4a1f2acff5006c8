import { BodyScanner, framingOfResponse } from '../../codecs/http1/body.ts'
import { removeField, setField, type ResponseHead } from '../../codecs/http1/message.ts'

/**
 * Makes a chunked response fit for an HTTP/1.0 client, which knows no chunks (RFC 9112 §6.1): its body then lasts until the
 * connection ends. Returns what takes the chunks off; `pass` gets what is left, valid only during the call.
 */
export function withoutChunks(head: ResponseHead, method: string, pass: (bytes: Buffer) => void): BodyScanner {
  const scanner = new BodyScanner((bytes, start, end) => pass(bytes.subarray(start, end)))
  scanner.reset(framingOfResponse(head, method))
  removeField(head, 'Transfer-Encoding')
  removeField(head, 'Trailer')
  setField(head, 'Connection', 'close')
  return scanner
}
