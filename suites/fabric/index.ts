/** `claimcheck/suites/fabric`: declares the tests of `suites/fabric` in the file that imports it. */
import './both-ways.test.ts'
import './direction.test.ts'
import './memory.test.ts'
import './scaling.test.ts'
