import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/** Longest part of a caller's own text (a field's name) that an answer repeats. */
const longestEcho = 64

/**
 * The first thing that does not fit an operation's schema, as a sentence that names the field. Values are never
 * repeated: the field may be a PIN.
 */
export function describeInputProblem(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'The input does not fit the operation.'
  const where =
    issue.path.length === 0 ? 'The input' : `The field “${echo(issue.path.map(String).join('.'))}”`
  return `${where} ${sentence(issue)}.`
}

function sentence(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.path.length > 0
        ? `is missing or not ${article(issue.expected)}`
        : `must be ${article(issue.expected)}`
    case 'unrecognized_keys':
      return `has an unknown field “${echo(issue.keys[0] ?? '')}”`
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.origin === 'string' && Number(issue.minimum) === 1
        ? 'must not be empty'
        : `is not acceptable: ${inner(issue)}`
    case 'too_big':
      return issue.origin === 'string'
        ? `is longer than ${issue.maximum} characters`
        : `is not acceptable: ${inner(issue)}`
    default:
      return `is not acceptable: ${inner(issue)}`
  }
}

/** zod's or the schema's own message, to stand inside a sentence. */
const inner = (issue: Issue): string => issue.message.replace(/\.$/, '')

const articles: Record<string, string> = {
  string: 'text',
  object: 'an object',
  array: 'a list',
  int: 'a whole number',
}
const article = (expected: string): string => articles[expected] ?? `a ${expected}`

const echo = (text: string): string => (text.length > longestEcho ? `${text.slice(0, longestEcho)}…` : text)
