/** Keeps a worker alive on Ctrl-C, which reaches the whole process group, so that it can release its tests' devices. */
process.on('SIGINT', () => undefined)
