/** Where a list stands: never asked for, asked for, there, or refused. */
export type LoadState = 'idle' | 'loading' | 'ready' | 'failed'
