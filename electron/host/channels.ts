/** The two channels between preload and main process. There are no others. */
export const callChannel = 'groundlock:call'
export const eventChannel = 'groundlock:event'
