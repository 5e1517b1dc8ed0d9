import 'claimcheck/suites/fabric'
