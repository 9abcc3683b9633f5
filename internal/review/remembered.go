package review

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// mostRemembered bounds how many answers of a kind are kept.
const mostRemembered = 256

// These answers are kept for all resources of this process. Policies of one subject make one tree on a node, which the
// refresh and the plan of each of them ask about.
var (
	rememberedFindings  remembered[[]escalation.CommandFinding]
	rememberedAnalyses  remembered[escalation.Analysis]
	rememberedBeyond    remembered[Beyond]
	rememberedOverruled remembered[[]string]
)

// A digest tells apart whatever an answer depends on.
type digest = [sha256.Size]byte

// remembered keeps answers. The zero value is empty.
type remembered[T any] struct {
	mu    sync.Mutex
	by    map[digest]func() T
	order []digest // the oldest first
}

// of is the answer for a digest, which is worked out where it is not known yet. Without a digest, which is not ok, it
// is worked out each time. What it holds is not to be changed.
func (r *remembered[T]) of(key digest, ok bool, workOut func() T) T {
	if !ok {
		return workOut()
	}
	r.mu.Lock()
	answer := r.by[key]
	if answer == nil {
		if r.by == nil {
			r.by = map[digest]func() T{}
		}
		if len(r.order) >= mostRemembered {
			delete(r.by, r.order[0])
			r.order = slices.Delete(r.order, 0, 1)
		}
		answer = sync.OnceValue(workOut)
		r.by[key], r.order = answer, append(r.order, key)
	}
	r.mu.Unlock()
	return answer()
}

// judged are the findings of a whole tree for some subjects, on the versions of their questions. The caller may change
// the list, not what is in it.
func judged(tree *sudoers.Tree, questions []policy.Question, vouched escalation.Vouched) []escalation.CommandFinding {
	key, ok := keyOf(questions, []*sudoers.Tree{tree}, vouched)
	return slices.Clone(rememberedFindings.of(key, ok, func() []escalation.CommandFinding {
		all := make([]escalation.Analysis, len(questions))
		for i, question := range questions {
			all[i] = AnalyseTree(tree, escalation.Question{Question: question, Vouched: vouched}, true, question.Env.Version)
		}
		return escalation.Merge(all...).Findings
	}))
}

// analysed is what a policy means for a subject, on the versions of its question. A policy is parsed for its
// validation, its refresh and its plan, and analysed once.
func analysed(tree *sudoers.Tree, question policy.Question, vouched escalation.Vouched) escalation.Analysis {
	key, ok := keyOf([]policy.Question{question}, []*sudoers.Tree{tree}, vouched)
	return rememberedAnalyses.of(key, ok, func() escalation.Analysis {
		return AnalyseTree(tree, escalation.Question{Question: question, Vouched: vouched}, false, TargetVersions...)
	})
}

// keyOf is a digest of what an answer depends on: every line of the trees but comments, as it was written and as it was
// understood, the questions, and whatever else. It is not ok for a question that a digest cannot hold.
func keyOf(questions []policy.Question, trees []*sudoers.Tree, more ...any) (key digest, ok bool) {
	sum := sha256.New()
	for _, q := range questions {
		if q.Budget.Expired != nil || q.Budget.Shared != nil || q.Env == nil || q.Env.Exists != nil {
			return key, false
		}
		env := q.Env
		add(sum, []any{q.Subject, q.Host, q.Budget.States, env.Version, env.Links, env.Targets, env.Accounts})
	}
	add(sum, more)
	for _, tree := range trees {
		addTree(sum, tree)
	}
	return digest(sum.Sum(nil)), true
}

func addTree(sum hash.Hash, tree *sudoers.Tree) {
	add(sum, []any{tree.Root, tree.Missing, tree.Unread, len(tree.Files)})
	for _, file := range tree.Files {
		add(sum, file.Name)
		for _, entry := range file.Entries {
			if _, comment := entry.(*sudoers.Comment); comment {
				continue
			}
			// The text too: JSON does not tell all bytes apart.
			add(sum, []any{fmt.Sprintf("%T", entry), entry, []byte(file.Text[entry.Span().Start:entry.Span().End])})
		}
	}
	for _, entry := range tree.Entries { // the order in which sudo reads them
		if _, comment := entry.(*sudoers.Comment); !comment {
			add(sum, entry.Pos())
		}
	}
}

// offsets are where in its file something stands, by bytes: for who edits it. Comments before it move them, and no
// finding tells of them. Its line and column stay.
var offsets = regexp.MustCompile(`"(?:Range|Span)":\{"Start":\d+,"End":\d+\},?`)

// add adds a value to a digest, on a line of its own.
func add(sum hash.Hash, value any) {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // only texts, numbers and what was parsed: nothing that JSON can't hold
	}
	_, _ = sum.Write(append(offsets.ReplaceAll(encoded, nil), '\n')) // it never fails
}
