import 'claimcheck/suites/numa'
