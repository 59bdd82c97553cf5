import { encode } from 'cborg'
import { EncryptionError } from '../errors.ts'
import { maxMessageBytes, type Message } from './delivery.ts'
import { messageTypePattern } from './envelope.ts'
import { isJsonValue, maxNesting } from './json-value.ts'

/** @throws EncryptionError `invalid_input` saying what is wrong with a message or its priority. */
export function requireSendable(message: Message, priority: number): void {
  if (!messageTypePattern.test(message.type) || message.type.startsWith('session.')) {
    throw new EncryptionError(
      'invalid_input',
      'A message has a type of a-z, 0-9, "_", "." and "-", at most 64 characters, not starting with "session.".',
    )
  }
  if (!Number.isInteger(priority) || priority < 1 || priority > 5)
    throw new EncryptionError('invalid_input', 'A priority is 1 (low) to 5 (critical).')
  if (!isJsonValue(message))
    throw new EncryptionError(
      'invalid_input',
      `A message holds what JSON can say, nested at most ${maxNesting} deep.`,
    )
  if (encode(message).length > maxMessageBytes)
    throw new EncryptionError('invalid_input', `A message is at most ${maxMessageBytes} bytes.`)
}
