/** `claimcheck/suites/gpu`: declares the tests of `suites/gpu` in the file that imports it. */
import './devices.test.ts'
import './links.test.ts'
import './memory.test.ts'
