/**
 * Keeps a worker alive on Ctrl-C, on Ctrl-\, when the terminal is closed, and on the SIGTERM of `timeout`, which reach the whole
 * process group, so that it can release its tests' devices. Vitest ends a worker by a message, which a SIGTERM follows.
 */
let isStopping = false
process.on('message', (message: { readonly type?: unknown } | null) => {
  if (message?.type === 'stop') isStopping = true
})

for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('SIGTERM', () => {
  if (isStopping) process.exit(143)
})
