/** `claimcheck/suites/kv-cache`: declares the tests of `suites/kv-cache` in the file that imports it. */
import './paged.test.ts'
