import type { RefusalVerdict, TrafficEntry } from '#shared/model/session.ts'
import { isoTime } from '../clock.ts'
import type { Header } from './envelope.ts'
import { noSession } from './hint.ts'

/** What is told of a received message: its envelope and the verdict, never its content. `time` in milliseconds since the epoch. */
export function trafficEntry(
  header: Header,
  seen: {
    readonly time: number
    readonly bytes: number
    readonly verdict: RefusalVerdict | null
    readonly observer: string
  },
): TrafficEntry {
  return {
    time: isoTime(seen.time),
    sessionId: header.sessionId,
    sender: header.senderId,
    recipient: header.recipientId,
    messageType: header.messageType,
    priority: header.priority,
    sequence: header.sequenceNumber,
    keyVersion: header.keyVersion,
    bytes: seen.bytes,
    verdict: seen.verdict,
    observer: seen.observer,
  }
}

/** Stands for the header of a frame whose header cannot be read. */
export const unreadableHeader = (sender: string, recipient: string): Header => ({
  sessionId: noSession,
  senderId: sender,
  recipientId: recipient,
  sequenceNumber: 0,
  keyVersion: 0,
  securityLevel: 'high',
  messageType: 'unknown',
  timestamp: 0,
  priority: 1,
})
