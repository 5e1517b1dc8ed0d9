/**
 * Keeps a worker alive on Ctrl-C, on Ctrl-\ and when the terminal is closed, which reach the whole process group, so that it can
 * release its tests' devices.
 */
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.on(signal, () => undefined)
