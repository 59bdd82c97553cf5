import { WebSocket } from 'ws'
import { CloseCode, closeReason } from './close-codes.ts'

/**
 * A WebSocket whose protocol errors close with the gateway's codes. `ws` closes by itself when its receiver fails, with
 * a code of RFC 6455 and no reason; an agent is told the same in the words of this protocol instead.
 */
export class AgentSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (reason !== undefined || code === undefined || code < 1002 || code > 1009) super.close(code, reason)
    else if (code === 1009)
      super.close(CloseCode.tooBig, closeReason('invalid_input', 'The frame is too big.'))
    else
      super.close(
        CloseCode.malformed,
        closeReason('invalid_input', 'The bytes do not follow the WebSocket protocol.'),
      )
  }
}
