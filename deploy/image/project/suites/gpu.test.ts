import 'claimcheck/suites/gpu'
