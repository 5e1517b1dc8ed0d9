/** `claimcheck/suites/numa`: declares the tests of `suites/numa` in the file that imports it. */
import './claimed-devices.test.ts'
import './kv-transfer.test.ts'
import './topology.test.ts'
