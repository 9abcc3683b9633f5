package node

// SurveyProgram is the program of a survey, for tests of the parts that need no node.
func SurveyProgram() string { return surveyProgram }
